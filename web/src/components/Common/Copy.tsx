import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { cutMiddle } from '@/services/format'
import { IconButton } from './Button'
import { classes } from './classes'
import { Tooltip } from './Tooltip'

const SHOW_DONE_MS = 1_500

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  // Plain http on an address that is not loopback has no clipboard interface.
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

type CopyProps = { text: string; label: string; className?: string }

export function CopyButton({ text, label, className }: CopyProps) {
  const { t } = useTranslation()
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), SHOW_DONE_MS)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <IconButton
      icon={done ? Check : Copy}
      label={done ? t('action.copied') : label}
      className={classes('size-6!', className)}
      onClick={(event) => {
        event.stopPropagation()
        void copyText(text).then(() => setDone(true))
      }}
    />
  )
}

/** A long id cut in the middle, with the whole in a tooltip and a way to copy it. */
export function NativeId({ id, length = 44, copy = true }: { id: string; length?: number; copy?: boolean }) {
  const { t } = useTranslation()
  const shown = cutMiddle(id, length)
  const text = <span className="truncate font-mono text-11">{shown}</span>
  return (
    <span className="inline-flex max-w-full min-w-0 items-center gap-1 align-middle">
      {shown === id ? text : <Tooltip text={id}>{text}</Tooltip>}
      {copy && <CopyButton text={id} label={t('action.copyId')} />}
    </span>
  )
}
