import { CircleUserRound } from 'lucide-react'
import { type ButtonHTMLAttributes, forwardRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '@/services/session'

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { folded: boolean }

/** Who is signed in, and in which organization. */
export const UserTrigger = forwardRef<HTMLButtonElement, Props>(function UserTrigger({ folded, ...rest }, ref) {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  if (!me) return null
  return (
    <button
      {...rest}
      ref={ref}
      type="button"
      aria-haspopup="menu"
      aria-label={t('user.menu', { name: me.name || me.email })}
      className="flex min-w-0 flex-1 items-center gap-2 rounded-control p-1 text-left hover:bg-surface-2"
    >
      <CircleUserRound size={18} aria-hidden className="shrink-0 text-muted" />
      {!folded && (
        <span className="min-w-0 leading-4">
          <span className="block truncate font-medium">{me.name || me.email}</span>
          <span className="block truncate text-11 text-muted">{me.organization.name}</span>
        </span>
      )}
    </button>
  )
})
