/**
 * Load the list of all emoji, chat_protocol/emoji.txt, which the gateway serves.
 * @param {string} address
 * @returns {Promise<string>} Fails if it cannot be loaded.
 */
export async function loadEmojiList(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the list of emoji: ${answer.status}`);
  return answer.text();
}
