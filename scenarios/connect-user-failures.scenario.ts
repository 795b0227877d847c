/** The stories of `stories/connect-user-failures.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { connectUserFailures } from './stories/connect-user-failures.ts'

scenarios(connectUserFailures)
