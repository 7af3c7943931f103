// The page's words, in Chinese and in English. They are files of their own, i18n/zh.json and i18n/en.json, with the same keys.

const languages = ['zh', 'en'];
const stored = 'snowgate.language';
const words = {};
let current = languages.includes(localStorage.getItem(stored)) ? localStorage.getItem(stored) : languages[0];

// loadWords fetches both languages: they are small, and switching is at once.
export async function loadWords() {
  await Promise.all(
    languages.map(async (name) => {
      const answer = await fetch(`i18n/${name}.json`);
      if (!answer.ok) throw new Error(`i18n/${name}.json: ${answer.status}`);
      words[name] = await answer.json();
    }),
  );
  speak(current);
}

// language is 'zh' or 'en'.
export const language = () => current;

// speak switches to a language and remembers it.
export function speak(name) {
  current = name;
  localStorage.setItem(stored, name);
  document.documentElement.lang = name === 'zh' ? 'zh-CN' : 'en';
}

// t is the text under a key; {name} in it becomes values.name.
export function t(key, values = {}) {
  const text = words[current][key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

// word is the text for one of the API's own words, such as a state; a word we have none for stays as it is.
export function word(group, value) {
  return words[current][`${group}.${value}`] ?? String(value ?? '');
}

// either picks the reader's of two texts that the API gives in both languages.
export function either(chinese, english) {
  return (current === 'zh' ? chinese || english : english || chinese) || '';
}
