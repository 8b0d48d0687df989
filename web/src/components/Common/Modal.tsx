import { X } from 'lucide-react'
import { Dialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './Button'
import { classes } from './classes'

type Props = {
  title: string
  description?: string
  onClose: () => void
  children: ReactNode
  className?: string
  hideTitle?: boolean
}

/**
 * A dialog over the page. The overlay is ours, not Radix's: theirs locks scrolling through a <style> element that the
 * content security policy refuses.
 */
export function Modal({ title, description, onClose, children, className, hideTitle }: Props) {
  const { t } = useTranslation()
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <div className="enter-fade fixed inset-0 z-40 bg-backdrop" aria-hidden />
        <Dialog.Content
          aria-modal
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={classes(
            'enter-pop fixed top-[10vh] left-1/2 z-40 flex max-h-[80vh] w-[calc(100vw-24px)] max-w-lg -translate-x-1/2 flex-col rounded-card border border-border bg-surface shadow-floating outline-none',
            className,
          )}
        >
          <div className={hideTitle ? 'sr-only' : 'flex items-start justify-between gap-3 px-4 pt-3 pb-1'}>
            <div>
              <Dialog.Title className="text-15 font-semibold">{title}</Dialog.Title>
              {description && <Dialog.Description className="text-muted">{description}</Dialog.Description>}
            </div>
            {!hideTitle && (
              <Dialog.Close asChild>
                <IconButton icon={X} label={t('action.close')} />
              </Dialog.Close>
            )}
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
