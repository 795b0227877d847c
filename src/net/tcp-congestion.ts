/**
 * Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, "Reno").
 * Not CUBIC, which Windows uses: on the short transfers of a lab the two send the same segments.
 */

/** All in bytes. `duplicates` counts acknowledgements in a row that acknowledged nothing new. */
export interface Congestion {
  readonly window: number
  readonly threshold: number
  readonly duplicates: number
  readonly recovering: boolean
}

/** RFC 5681 §3.2. */
const DUPLICATES_TO_RETRANSMIT = 3
/** RFC 6928, which Windows follows (InitialCongestionWindow 10). */
const INITIAL_WINDOW_SEGMENTS = 10

export const initialCongestion = (mss: number): Congestion => ({
  window: INITIAL_WINDOW_SEGMENTS * mss,
  threshold: Number.MAX_SAFE_INTEGER,
  duplicates: 0,
  recovering: false,
})

/** RFC 5681 §3.1, equations 2 and 3; leaving recovery deflates the window (§3.2, step 6). */
export function onAcknowledged(c: Congestion, bytes: number, mss: number): Congestion {
  if (c.recovering) return { ...c, window: c.threshold, duplicates: 0, recovering: false }
  const growth =
    c.window < c.threshold ? Math.min(bytes, mss) : Math.max(1, Math.floor((mss * mss) / c.window))
  return {
    window: c.window + growth,
    threshold: c.threshold,
    duplicates: 0,
    recovering: false,
  }
}

/** RFC 5681 §3.2. `retransmit`: the first segment in flight is taken for lost. */
export function onDuplicate(
  c: Congestion,
  inFlight: number,
  mss: number,
): { readonly congestion: Congestion; readonly retransmit: boolean } {
  if (c.recovering) {
    return { congestion: { ...c, window: c.window + mss }, retransmit: false }
  }
  const duplicates = c.duplicates + 1
  if (duplicates < DUPLICATES_TO_RETRANSMIT) {
    return { congestion: { ...c, duplicates }, retransmit: false }
  }
  const threshold = Math.max(Math.floor(inFlight / 2), 2 * mss)
  const window = threshold + DUPLICATES_TO_RETRANSMIT * mss
  return { congestion: { window, threshold, duplicates, recovering: true }, retransmit: true }
}

/** RFC 5681 §3.1, equation 4: after a timeout the window is one segment. */
export const onTimeout = (inFlight: number, mss: number): Congestion => ({
  window: mss,
  threshold: Math.max(Math.floor(inFlight / 2), 2 * mss),
  duplicates: 0,
  recovering: false,
})
