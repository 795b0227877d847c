/**
 * A topology from JSON text: syntax, shape and files, each mistake with its line and column.
 * Not the reading of the file itself, which is `lab/load.ts`, and not the meaning, which is `validate.ts`.
 */
import { err, ok, type Result } from '../base/result.ts'
import { z } from 'zod'
import { sourceFile, SourceFileError } from './files.ts'
import { parseJson, type JsonText } from './json-text.ts'
import type { Position } from './position.ts'
import { formatPath } from './problems.ts'
import { jsonShape } from './json-shape.ts'
import { shapeFailure } from './shape-problems.ts'
import { topology, type Topology } from './topology.ts'

export interface JsonTopology {
  readonly topology: Topology
  /** Where a path of the topology stands in the text. */
  readonly locate: JsonText['locate']
}

export interface JsonTopologyProblem extends Position {
  readonly message: string
}

/**
 * Read the JSON form of a topology. `file` is its own path: files that it names are relative to it.
 * What is wrong is a list in the order of the text.
 */
export function parseJsonTopology(
  text: string,
  file: string,
): Result<JsonTopology, readonly JsonTopologyProblem[]> {
  const read = parseJson(text)
  if (!read.ok) return err([read.error])
  const shape = jsonShape((relative) => {
    try {
      return sourceFile(file, relative)
    } catch (thrown) {
      if (thrown instanceof SourceFileError) return { problem: thrown.message }
      throw thrown
    }
  })
  const { value, locate } = read.value
  const parsed = shape.safeParse(value)
  if (parsed.success) {
    const { $schema: _, ...written } = parsed.data
    return ok({ topology: topology(written), locate })
  }
  const { problems } = shapeFailure(shape, value, parsed.error.issues)
  return err(
    problems
      .map(({ path, message }) => ({
        ...locate(path),
        message: path.length === 0 ? message : `${formatPath(value, path)}: ${message}`,
      }))
      .toSorted((a, b) => a.line - b.line || a.column - b.column),
  )
}

/** The JSON Schema (draft 2020-12) that editors use, as `topology.schema.json` ships it. */
export function topologyJsonSchema(): unknown {
  const schema = z.toJSONSchema(
    jsonShape(() => ({ problem: '' })),
    { io: 'input' },
  )
  return {
    ...schema,
    title: 'sallyport topology',
    description: 'A network for sallyport to build: networks, zones, authorities and nodes.',
  }
}
