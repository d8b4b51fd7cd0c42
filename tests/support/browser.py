"""Chromium without a window, as tests, benchmarks and pictures of the page use it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.support.requirements import CHROMIUM

# Chromium loads two pages of its own for the address bar of each window, which nobody sees here, and
# keeps a process ready for the next page: half the work of opening a page. The last such flag counts,
# so that Playwright's list (chromiumSwitches.ts) is repeated.
_DISABLED_FEATURES = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)


@contextmanager
def running_chromium(program: str = CHROMIUM) -> Iterator[Browser]:
    """Run one of the system's Chromiums until the block ends. A thread can have a single one."""
    flags = ["--disable-dev-shm-usage", f"--disable-features={','.join(_DISABLED_FEATURES)}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()
