import { forwardRef, type HTMLAttributes } from 'react'

/**
 * Stands in for `react-remove-scroll` in the build (see vite.config.ts). Radix imports it for modal overlays that we do
 * not use; the original locks scrolling through a <style> element, which the content security policy refuses.
 */
export const RemoveScroll = forwardRef<HTMLDivElement, HTMLAttributes<HTMLDivElement>>(
  function RemoveScroll(props, ref) {
    return <div ref={ref} {...props} />
  },
)
