import { useRef } from 'react'
import { NavLink, useLocation } from 'react-router'
import { classes } from '@/components/Common/classes'
import { useChosenInSight } from '@/hooks/useChosenInSight'

export type SubEntry = { path: string; label: string }
type Props = { label: string; groups: { title?: string; entries: SubEntry[] }[] }

/** Navigation within an area: a column beside the page, one scrolling line above it on a narrow screen. */
export function SubNavigation({ label, groups }: Props) {
  const strip = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  useChosenInSight(strip, pathname)
  return (
    <nav
      ref={strip}
      aria-label={label}
      className="flex shrink-0 gap-1 border-border max-md:overflow-x-auto max-md:border-b max-md:px-3 max-md:py-1.5 md:w-48 md:flex-col md:gap-4 md:overflow-y-auto md:border-r md:p-3"
    >
      {groups.map(({ title, entries }) => (
        <div key={title ?? label} className="max-md:contents">
          {title && <p className="mb-1 px-2 text-11 font-medium text-muted max-md:hidden">{title}</p>}
          <ul className="flex gap-0.5 max-md:contents md:flex-col">
            {entries.map(({ path, label: name }) => (
              <li key={path} className="shrink-0">
                <NavLink
                  end
                  to={path}
                  className={({ isActive }) =>
                    classes(
                      'flex h-7 items-center rounded-control px-2 whitespace-nowrap max-md:h-9',
                      isActive ? 'bg-surface-2 font-medium' : 'text-muted hover:bg-surface-2 hover:text-text',
                    )
                  }
                >
                  {name}
                </NavLink>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}
