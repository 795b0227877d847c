/**
 * What the command line tells the workers that play stories, and what they tell back: the one contract between the two.
 * Travels through vitest's `provide` and `task.meta`, so it is plain data. Without a command line there are no settings.
 */
import type { Instant } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import type { StoryRecord } from '../lab/play.ts'
import type { Topology } from '../topology/topology.ts'

export interface RunSettings {
  /** Absolute folder that story files are named from. */
  readonly root: string
  readonly seed: number
  readonly at?: Instant
  /** Default `real`. */
  readonly crypto?: Cryptography['kind']
  /** Stories are played on this topology instead of their own. */
  readonly topology?: { readonly file: string; readonly value: Topology }
  /** Substrings of titles or file names, case folded; a story is played when one of them occurs. Empty: all. */
  readonly filters: readonly string[]
  /** A story is played when it has one of these. Empty: all. */
  readonly tags: readonly string[]
  /** Absolute folder for captures. */
  readonly pcapDir?: string
  /** Send one line a packet along. */
  readonly trace: boolean
  /** Play each story this often in one process and compare the digests. */
  readonly repeat: number
}

/** What came of one story, as the reporters get it. */
export interface PlayedStory extends StoryRecord {
  /** One line a packet, where asked for. */
  readonly packets?: readonly string[]
  /** The capture that was written. */
  readonly capture?: string
}

declare module 'vitest' {
  interface ProvidedContext {
    sallyport?: RunSettings
  }
  interface TaskMeta {
    /** Left out by the filters: not skipped by its author. */
    excluded?: true
    sallyport?: PlayedStory
    /** The story's. Vitest has tags of its own, which every configuration would have to declare first. */
    tags?: readonly string[]
  }
}
