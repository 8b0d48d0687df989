// Sets theme and density before the first paint. A file of its own because the content security policy allows no inline
// script; it reads what src/services/preferences.ts stores.
;(() => {
  let saved = {}
  try {
    saved = JSON.parse(localStorage.getItem('cloudops-preferences') ?? '{}').state ?? {}
  } catch {
    // Storage may be closed to us (private window): the defaults below hold.
  }
  const dark = saved.theme === 'dark' || (saved.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.documentElement.dataset.density = saved.density === 'comfortable' ? 'comfortable' : 'compact'
})()
