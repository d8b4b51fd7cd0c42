/** What people react with most, for who does not search. */
export const COMMON =
  "👍 👎 ❤️ 🔥 🎉 👏 🙏 💯 ✅ ❌ 👀 🤝 💪 👌 ✌️ 🤞 👋 🙌 😀 😄 😁 😂 🤣 😊 🙂 😉 😍 🥰 😎 🤓 🤔 🧐 😐 🙄 😏 😅 😮 😲 🤯 😱 😢 😭 😔 😞 😩 😤 😡 🤬 🥺 😴 🤒 🤗 🫡 🫠 🤷 🤦 🚀 ⭐ ✨ 💡 ⚡ 🎯 🏆 🎁 🎂 ☕ 🍕 🍺 🌹 🌞 🌈 ❄️ 🎄 🐱 🐶 🦊 🐻 🐢 🐛 💔 💩 👻 💀 🤖 👽 📌 📎 📅 🔒 🔔 ⏳ ❓ ❗ ➕ 🆗".split(
    " ",
  );
