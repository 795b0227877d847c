/**
 * A story: what is claimed of a lab, told in steps, as a plain value. What a topology should do, and what it must not.
 * Not a test: `scenario/scenario.ts` gives it to vitest, `lab/play.ts` plays it.
 */
import type { Topology } from '../topology/topology.ts'
import type { Expect } from './expect.ts'
import type { Lab, LabNode } from './lab.ts'

/** What a story is given: the lab, `expect`, and every node under its own name. */
export type StoryContext<H extends string = string> = {
  readonly lab: Lab<H>
  readonly expect: Expect
} & { readonly [name in H]: LabNode }

export interface Story {
  /** A sentence that is true when the story holds. */
  readonly title: string
  /** What a reader understands afterwards; one or two sentences. */
  readonly teaches: string
  /** The topology it was written for. It may be played on another that has the nodes it names. */
  readonly topology: Topology
  /** `core` stories are the ones that `npm start` runs. */
  readonly tags: readonly string[]
  /** Awaits the lab only: virtual time stands still while anything else is awaited. */
  readonly run: (context: StoryContext) => Promise<void>
}

/** How a story is written: with the names of its own topology; tags may be left out. */
export interface StorySpec<N extends string, H extends string, Z extends string> {
  readonly title: string
  readonly teaches: string
  readonly topology: Topology<N, H, Z>
  readonly tags?: readonly string[]
  run(context: StoryContext<NoInfer<H>>): Promise<void>
}

/**
 * Write a story down. Node names are those of its topology; a mistyped one is a compile error.
 *
 * @example
 * const lan = topology({
 *   name: 'lan', start: '2026-03-02T08:00:00Z', networks: { lan: '10.0.0.0/24' },
 *   nodes: { pc: host({ lan: '10.0.0.2' }), printer: host({ lan: '10.0.0.3' }) },
 * })
 * const ping = story({
 *   title: 'the printer answers', teaches: 'two hosts on one network need no router', topology: lan,
 *   async run({ lab, expect }) {
 *     expect(await lab.probe({ from: 'pc', to: 'printer', icmp: true })).toBeAnswered()
 *   },
 * })
 */
export function story<const N extends string, const H extends string, const Z extends string>(
  spec: StorySpec<N, H, Z>,
): Story {
  // Its names were checked here; whoever plays it knows only that there are names.
  return Object.freeze({ tags: [], ...spec }) as unknown as Story
}
