import { saveFile } from '@/components/Common/download'

const SCALE = 2

/** Saves a drawn chart as a picture, with the colours of the theme that is on. */
export async function saveChart(chart: SVGSVGElement | null | undefined, name: string): Promise<void> {
  if (!chart) return
  const styles = getComputedStyle(document.documentElement)
  const [width, height] = [chart.clientWidth, chart.clientHeight]
  const copy = chart.cloneNode(true) as SVGSVGElement
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('font-family', 'sans-serif')
  // A picture knows nothing of the page's variables.
  const source = new XMLSerializer()
    .serializeToString(copy)
    .replaceAll(/var\((--[\w-]+)\)/g, (_, variable: string) => styles.getPropertyValue(variable).trim())
  const picture = new Image()
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`
  await picture.decode()
  const canvas = document.createElement('canvas')
  canvas.width = width * SCALE
  canvas.height = height * SCALE
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(SCALE, SCALE)
  context.fillStyle = styles.getPropertyValue('--surface').trim()
  context.fillRect(0, 0, width, height)
  context.drawImage(picture, 0, 0, width, height)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob) saveFile(name, blob)
}
