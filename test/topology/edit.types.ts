/** What the compiler must refuse in an edit: each expected error below is one mistyped name. Checked by `tsc`, never run. */
import {
  compose,
  moved,
  withGateway,
  withoutRecord,
  withoutRule,
  withoutTrunkVlan,
  withRule,
  type Edit,
} from '../../src/topology/edit.ts'
import { allow } from '../../src/topology/firewall.ts'

type Site = Edit<'lan' | 'wan', 'pc' | 'edge', 'corp'>
export const good: Site[] = [
  withoutRule('edge', 'ike'),
  withRule('edge', allow('x', { from: 'lan' })),
  withGateway('pc', 'lan', undefined),
  withoutRecord('corp', '@', 'NS'),
  compose(withoutRule('edge', 'ike'), moved('pc', 'wan')),
]
export const bad: Site[] = [
  // @ts-expect-error
  withoutRule('egde', 'ike'),
  // @ts-expect-error
  withRule('edge', allow('x', { from: 'lann' })),
  // @ts-expect-error
  withGateway('pc', 'lann', undefined),
  // @ts-expect-error
  withoutRecord('crop', '@', 'NS'),
  // @ts-expect-error
  withoutTrunkVlan('edge', 'pcc', 'lan'),
  // @ts-expect-error
  moved('pc', 'moon'),
]

declare function apply<N extends string, H extends string>(edit: Edit<N, H>): void
// Without a topology in sight any name will do; it is checked when the edit is applied.
apply(withoutRule('edge', 'ike'))
