import { FileUp } from 'lucide-react'
import { useRef } from 'react'
import { useFormContext } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { TextArea } from '@/components/Common/Inputs'
import type { ConnectForm } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'

type Props = { name: 'key' | 'config' | 'certificate'; label: string; hint: string; accept: string }

const MOST_BYTES = 100_000

/** The text of a file, pasted or picked. It is read in the browser and only sent with the form. */
export function FileField({ name, label, hint, accept }: Props) {
  const { t } = useTranslation()
  const { register, setValue, setError } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const picker = useRef<HTMLInputElement>(null)
  const read = async (file: File | undefined) => {
    if (!file) return
    if (file.size > MOST_BYTES) setError(name, { type: 'size', message: 'fileSize' })
    else setValue(name, await file.text(), { shouldValidate: true, shouldTouch: true })
  }
  return (
    <div>
      <TextArea
        mono
        rows={5}
        label={label}
        hint={hint}
        error={errorOf(name)}
        autoComplete="off"
        spellCheck={false}
        {...register(name)}
      />
      <input
        ref={picker}
        type="file"
        hidden
        accept={accept}
        onChange={(event) => {
          void read(event.target.files?.[0])
          event.target.value = ''
        }}
      />
      <Button icon={FileUp} className="mt-1.5" onClick={() => picker.current?.click()}>
        {t('connect.readFile')}
      </Button>
    </div>
  )
}
