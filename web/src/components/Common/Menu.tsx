import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { classes } from './classes'

type MenuProps = {
  trigger: ReactNode
  children: ReactNode
  side?: 'top' | 'bottom' | 'right'
  align?: 'start' | 'end'
  defaultOpen?: boolean
}

export function Menu({ trigger, children, side = 'bottom', align = 'end', defaultOpen }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false} defaultOpen={defaultOpen}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          side={side}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="enter-pop z-50 min-w-48 rounded-card border border-border bg-surface p-1 shadow-floating"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

const itemShape =
  'flex min-h-7 cursor-default items-center gap-2 rounded-control px-2 outline-none data-highlighted:bg-surface-2 max-md:min-h-10'

type ItemProps = { icon?: ReactNode; onSelect: () => void; children: ReactNode; danger?: boolean }

export function MenuItem({ icon, onSelect, children, danger }: ItemProps) {
  return (
    <DropdownMenu.Item onSelect={onSelect} className={classes(itemShape, danger && 'text-critical')}>
      {icon && <span className="text-muted">{icon}</span>}
      {children}
    </DropdownMenu.Item>
  )
}

type ChoiceProps = {
  label: string
  value: string
  options: { value: string; label: string; icon?: ReactNode }[]
  onChange: (value: string) => void
}

/** One choice of several inside a menu. */
export function MenuChoice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <>
      <DropdownMenu.Label className="px-2 pt-1.5 pb-0.5 text-11 text-muted">{label}</DropdownMenu.Label>
      <DropdownMenu.RadioGroup value={value} onValueChange={onChange}>
        {options.map((option) => (
          <DropdownMenu.RadioItem key={option.value} value={option.value} className={itemShape}>
            <span className="text-muted">{option.icon}</span>
            <span className="flex-1">{option.label}</span>
            <DropdownMenu.ItemIndicator className="text-accent">✓</DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  )
}

export function MenuLine() {
  return <DropdownMenu.Separator className="my-1 h-px bg-border" />
}
