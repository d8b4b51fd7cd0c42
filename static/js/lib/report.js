/**
 * Report an error without stopping what is being done: it reaches the console, as an uncaught one does.
 * @param {unknown} error
 */
export function report(error) {
  queueMicrotask(() => {
    throw error;
  });
}
