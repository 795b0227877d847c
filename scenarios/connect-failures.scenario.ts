/** The stories of `stories/connect-failures.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { connectFailures } from './stories/connect-failures.ts'

scenarios(connectFailures)
