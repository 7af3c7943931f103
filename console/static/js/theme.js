// Light or dark: as the system says, or as the reader does. early.js has set it once before this is loaded.

const stored = 'snowgate.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export const themes = ['system', 'light', 'dark'];

// theme is the reader's wish: one of themes.
export const theme = () => (themes.includes(localStorage.getItem(stored)) ? localStorage.getItem(stored) : 'system');

// wear sets the reader's wish and remembers it.
export function wear(name) {
  localStorage.setItem(stored, name);
  apply();
}

function apply() {
  const dark = theme() === 'dark' || (theme() === 'system' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.dispatchEvent(new Event('themechange')); // what is painted on a canvas has to be painted again
}

system.addEventListener('change', apply);
