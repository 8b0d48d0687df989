import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { Modal } from '@/components/Common/Modal'

type PickProps = { from: string; last: string; onClose: () => void; onPick: (from: string, last: string) => void }

/** Asks for the first and last day of a range. */
export function PickRange({ from, last, onClose, onPick }: PickProps) {
  const { t } = useTranslation()
  const [start, setStart] = useState(from)
  const [end, setEnd] = useState(last)
  const isValid = start !== '' && end !== '' && start <= end
  return (
    <Modal title={t('range.pickTitle')} onClose={onClose} className="max-w-sm!">
      <form
        className="flex flex-col gap-3 px-4 pb-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (isValid) onPick(start, end)
        }}
      >
        <Field label={t('range.from')} type="date" value={start} onChange={(event) => setStart(event.target.value)} />
        <Field
          label={t('range.to')}
          type="date"
          value={end}
          error={isValid ? undefined : t('range.invalid')}
          onChange={(event) => setEnd(event.target.value)}
        />
        <Button variant="primary" type="submit" disabled={!isValid} className="self-end">
          {t('range.show')}
        </Button>
      </form>
    </Modal>
  )
}
