import { Component, type ReactNode } from 'react'
import { PageCrash } from './PageCrash'

type Props = { children: ReactNode; resetKey: string }
type State = { error: Error | null; resetKey: string }

/** Shows a broken page as broken, and only that: another `resetKey` (the next page) gets a fresh try. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, resetKey: this.props.resetKey }

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey }
  }

  override render() {
    return this.state.error ? <PageCrash error={this.state.error} /> : this.props.children
  }
}
