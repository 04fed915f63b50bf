export { AppError, errnoOf, toAppError, withContext, type ErrorDetails } from './app-error.ts'
export { errorCodes, type ErrorCode, type ErrorKind } from './codes.ts'
export { nearestName } from './nearest-name.ts'
