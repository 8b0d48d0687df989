import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import './app/index.css'
import { loadTexts } from './services/i18n'
import { followPreferences } from './services/preferences'
import { takeUrlToken } from './services/urlToken'

takeUrlToken()
followPreferences()

const root = document.getElementById('root')
if (root) {
  await loadTexts('en')
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
