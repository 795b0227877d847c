/** `npm run oracle -- NAME --option VALUE …`: runs `test/oracle/NAME/run.ts` with the options as given, each oracle reads its own. */
import { createJiti } from 'jiti'
import { readOptions, type OracleOptions } from './options.ts'

const [name = '', ...rest] = process.argv.slice(2)
const module = await createJiti(import.meta.url).import<{
  run(options: OracleOptions): void | Promise<void>
}>(`./${name}/run.ts`)
await module.run(readOptions(rest))
