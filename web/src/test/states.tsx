import { screen, waitFor } from '@testing-library/react'
import type { JsonBodyType } from 'msw'
import type { ReactNode } from 'react'
import { describe, expect, test } from 'vitest'
import { renderAt, violationsIn } from './render'
import { answer, fail, hang } from './server'

type View = {
  draw: () => ReactNode
  /** The call that the view stands on, below /api/v1. */
  path: string
  /** Answers to the other calls that it makes. */
  others?: () => void
  filled: JsonBodyType
  /** A text that only the filled view shows. */
  shows: string | RegExp
  address?: string
  empty?: { answer: JsonBodyType; text: string | RegExp }
  filtered?: { address: string; text: string | RegExp }
}

/** The states that every data view must have, tried on one view. */
export function describeStates(name: string, view: View): void {
  const { draw, path, others, filled, shows, address = '/', empty, filtered } = view
  const open = (at = address, role = 'owner') => {
    others?.()
    return renderAt(at, draw(), { role })
  }

  describe(`${name}: states`, () => {
    test('loading keeps the place and says so', async () => {
      hang('get', path)
      open()
      const waiting = await screen.findAllByText('Loading')
      expect(waiting[0]?.closest('[aria-busy="true"]')).not.toBeNull()
    })

    test('filled shows the data, without accessibility violations', async () => {
      answer('get', path, filled)
      const { container } = open()
      await screen.findAllByText(shows)
      expect(await violationsIn(container)).toEqual([])
    })

    if (empty) {
      test('empty at first says what will be here', async () => {
        answer('get', path, empty.answer)
        open()
        expect(await screen.findByText(empty.text)).toBeTruthy()
      })
    }

    if (empty && filtered) {
      test('empty by filter offers to clear it', async () => {
        answer('get', path, empty.answer)
        const { user, address: current } = open(filtered.address)
        expect(await screen.findByText(filtered.text)).toBeTruthy()
        await user.click(screen.getAllByRole('button', { name: 'Clear filters' })[0] as HTMLElement)
        await waitFor(() => expect(current()).toBe(filtered.address.split('?')[0]))
      })
    }

    test('failed says what failed and recovers by "Try again"', async () => {
      fail('get', path, 503, 'unavailable', 'The store is being restarted.')
      const { user } = open()
      expect((await screen.findAllByText('The store is being restarted.')).length).toBeGreaterThan(0)
      answer('get', path, filled)
      await user.click(screen.getAllByRole('button', { name: 'Try again' })[0] as HTMLElement)
      expect((await screen.findAllByText(shows)).length).toBeGreaterThan(0)
    })

    test('stale keeps the data and says that it is old', async () => {
      answer('get', path, filled)
      const { queryClient } = open()
      await screen.findAllByText(shows)
      fail('get', path, 503, 'unavailable', 'The store is being restarted.')
      await queryClient.refetchQueries({ type: 'active' })
      expect((await screen.findAllByText(/Could not refresh: The store is being restarted/)).length).toBeGreaterThan(0)
      expect(screen.getAllByText(shows).length).toBeGreaterThan(0)
    })

    test('not permitted names what is missing', async () => {
      open(address, 'nobody')
      expect((await screen.findAllByText('Your role does not allow this')).length).toBeGreaterThan(0)
    })
  })
}
