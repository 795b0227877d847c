/**
 * A ProfileXML file named on the command line, read as the lab reads it. Not the schema: `windows/profile-xml.ts` knows that.
 */
import path from 'node:path'
import { err, ok, type Result } from '../base/result.ts'
import { sourceFile, SourceFileError } from '../topology/files.ts'
import { readProfile, type VpnProfile } from '../windows/profile-xml.ts'
import type { Problem } from './answer.ts'

export function readProfileFile(file: string): Result<VpnProfile, readonly Problem[]> {
  try {
    const read = readProfile(sourceFile(path.resolve('.', 'command line'), file))
    return read.ok ? ok(read.value) : read
  } catch (thrown) {
    if (thrown instanceof SourceFileError) return err([{ message: thrown.message }])
    throw thrown
  }
}
