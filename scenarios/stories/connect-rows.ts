/** A failed dial as a row: what is wrong, who dials, and what is seen of it. The rows are `connect-failures.ts` and `connect-user-failures.ts`. */
import {
  story,
  type ConnectFailureKind,
  type ConnectOptions,
  type ConnectPlace,
  type Lab,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit, ContosoNode } from './certificate-edits.ts'

interface Attempt extends ConnectPlace {
  /** Default the user's. */
  readonly tunnel?: 'user' | 'device'
  readonly fails: ConnectFailureKind
  /** Default the laptop. */
  readonly on?: 'laptop' | 'hotelLaptop' | 'mobileLaptop'
  readonly options?: ConnectOptions
}

export interface Row {
  readonly title: string
  readonly teaches: string
  readonly cause?: ContosoEdit
  /** What goes on in the lab before anybody dials. */
  readonly before?: (lab: Lab<ContosoNode>) => unknown
  readonly attempts: readonly Attempt[]
  readonly tags?: readonly string[]
}

/** The same for both tunnels. */
export const both = (fails: ConnectFailureKind, where: ConnectPlace): readonly Attempt[] => [
  { fails, ...where },
  { fails, ...where, tunnel: 'device' },
]

export const rowStory = ({ title, teaches, cause, before, attempts, tags }: Row): Story =>
  story({
    title,
    teaches,
    topology: cause?.apply(contoso) ?? contoso,
    ...(tags !== undefined && { tags }),
    run: async ({ lab, expect }) => {
      await before?.(lab)
      for (const { tunnel = 'user', fails, on = 'laptop', options, ...where } of attempts) {
        const report = await lab.nodes[on].connect({ tunnel, ...options })
        expect(report).toFailToConnect(fails, where)
      }
    },
  })

/** Somebody else is in already: the laptop's own device tunnel. */
export const deviceFirst: NonNullable<Row['before']> = ({ nodes }) =>
  nodes.laptop.connect({ tunnel: 'device' })
