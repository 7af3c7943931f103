// The theme is set before anything is painted, hence this one script that is no module: a dark room stays dark.
(() => {
  const wanted = localStorage.getItem('snowgate.theme');
  const dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
