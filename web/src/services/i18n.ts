import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type en from './locales/en.json'
import enUrl from './locales/en.json?url'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en }
    returnNull: false
  }
}

export const i18n = i18next

/** Texts are data beside the script: a language is fetched when it is used. */
const TEXT_URLS: Record<string, string> = { en: enUrl }

/** Makes ready with texts at hand (tests), or with those that `loadTexts` brought. */
export function startTexts(language: string, texts: object): void {
  void i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: language,
    resources: { [language]: { translation: texts } },
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
  })
}

export async function loadTexts(language: 'en'): Promise<void> {
  const response = await fetch(TEXT_URLS[language] ?? enUrl)
  if (!response.ok) throw new Error(`The texts of the page could not be loaded (${response.status})`)
  startTexts(language, (await response.json()) as object)
}
