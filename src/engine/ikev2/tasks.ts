/**
 * What waits for its turn on an IKE SA: one request at a time (RFC 7296 §2.3). And what an answer was for.
 */
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { bury, finish } from './ending.ts'
import { askDeleteChildren, askDeleteIke, askProbe, onChildrenDeleted } from './informational.ts'
import { onAuth } from './initiator.ts'
import { askMove, askRoutability, onMoveAnswer, onRoutabilityAnswer } from './mobike.ts'
import type { IkeEndpoints } from './options.ts'
import { askRekeyChild, onRekeyChildAnswer } from './rekey-child.ts'
import { askRekeyIke, onRekeyIkeAnswer } from './rekey-ike.ts'
import type { IkeSa, Outstanding, Run, Task } from './state.ts'

/** Send what may be sent. At the end of every step. */
export function pump(run: Run): void {
  if (!run.state.established || run.state.over) return
  for (const sa of [run.state.sa, ...run.state.others]) {
    while (sa.outstanding === undefined && sa.state !== 'gone') {
      const task = sa.queue.shift()
      if (task === undefined) break
      // At its end a session has only the delete to say.
      if (run.state.ending === undefined || task.kind === 'delete-ike') ask(run, sa, task)
    }
  }
}

function ask(run: Run, sa: IkeSa, task: Task): void {
  switch (task.kind) {
    case 'rekey-child':
      return askRekeyChild(run, sa, task.spi, task.group)
    case 'rekey-ike':
      return askRekeyIke(run, sa)
    case 'delete-children':
      return askDeleteChildren(run, sa, task.spis, task.isGone)
    case 'delete-ike':
      return askDeleteIke(run, sa)
    case 'probe':
      return askProbe(run, sa)
    case 'move':
      return askMove(run, sa)
    case 'routability':
      return askRoutability(run, sa)
  }
}

/** An authentic answer to a request of ours. Not to IKE_SA_INIT. */
export function onAnswer(
  run: Run,
  sa: IkeSa,
  { purpose }: Outstanding,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  // At its end a session only looks for what it has to delete.
  const isEnding = run.state.ending !== undefined
  if (isEnding && purpose.kind !== 'delete-ike' && purpose.kind !== 'rekey-ike') return
  switch (purpose.kind) {
    case 'sa-init':
    case 'probe':
      return
    case 'auth':
      return run.role === 'initiator' ? onAuth(run, payloads) : undefined
    case 'rekey-child':
      return onRekeyChildAnswer(run, sa, payloads, purpose.attempt)
    case 'rekey-ike':
      return onRekeyIkeAnswer(run, sa, payloads, purpose.attempt)
    case 'delete-children':
      return onChildrenDeleted(run, purpose.spis)
    case 'delete-ike':
      return onIkeDeleted(run, sa)
    case 'move':
      return onMoveAnswer(run, sa, payloads, endpoints)
    case 'routability':
      return onRoutabilityAnswer(run, payloads, purpose.cookie)
  }
}

/** Our delete has been answered, or never will be. */
export function onIkeDeleted(run: Run, sa: IkeSa): void {
  if (sa === run.state.sa) finish(run, run.state.ending ?? 'closed')
  else bury(run, sa)
}
