/** Contrast after WCAG 2.2: relative luminance of sRGB colours, a ratio from 1 to 21. */
type Rgb = [number, number, number]

export const isHexColor = (text: string): boolean => /^#[0-9a-f]{6}$/i.test(text)

const rgbOf = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb
const hexOf = (rgb: Rgb): string => `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

export function contrast(first: string, second: string): number {
  const [a, b] = [luminance(rgbOf(first)), luminance(rgbOf(second))]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** The surfaces an accent must stand out from, after the UI guide's tokens. */
const SURFACES = { light: '#f0f2f5', dark: '#1c222b' }
const TEXT = { light: '#ffffff', dark: '#0b1220' }
export const LEAST_CONTRAST = 4.5

/** The accent in the shade that is readable in a theme, and the text on it. Mixed with white or black as far as needed. */
export function accentFor(hex: string, dark: boolean): { accent: string; text: string } {
  const theme = dark ? 'dark' : 'light'
  const goal: Rgb = dark ? [255, 255, 255] : [0, 0, 0]
  const base = rgbOf(isHexColor(hex) ? hex : '#1f5fd0')
  for (let part = 0; part <= 1; part += 0.05) {
    const shade = hexOf(base.map((value, index) => value + ((goal[index] ?? 0) - value) * part) as Rgb)
    if (contrast(shade, SURFACES[theme]) >= LEAST_CONTRAST && contrast(shade, TEXT[theme]) >= LEAST_CONTRAST) {
      return { accent: shade, text: TEXT[theme] }
    }
  }
  return { accent: hexOf(goal), text: TEXT[theme] }
}
