import { parseAsString, useQueryState } from 'nuqs'

/** The item whose panel is open, in the URL. Moving on to another replaces; opening and closing can be gone back to. */
export function useOpenItem() {
  const [openId, setOpenId] = useQueryState('id', parseAsString)
  return {
    openId,
    open: (id: string) => void setOpenId(id, { history: openId ? 'replace' : 'push' }),
    close: () => void setOpenId(null, { history: 'push' }),
  }
}
