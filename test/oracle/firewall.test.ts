/** A short turn of the firewall judge: the kernel and the twin agree on every verdict of a few seconds. */
import { expect, test } from 'vitest'
import { missingJudge } from './firewall/kernel.ts'
import { judge } from './firewall/run.ts'

const missing = missingJudge()
const isRequired = process.env['SALLYPORT_JUDGES'] === 'required'
if (missing !== undefined && !isRequired) console.log(`firewall judge skipped: ${missing}`)

test.skipIf(missing !== undefined && !isRequired)(
  'the kernel and the twin give the same verdicts',
  { timeout: 60_000 },
  async () => {
    expect(missing).toBeUndefined()
    const result = await judge({ seed: '1', seconds: 12 })
    expect(result.reports).toEqual([])
    expect(result.mismatches).toBe(0)
    expect(result.verdicts).toBeGreaterThan(5000)
  },
)
