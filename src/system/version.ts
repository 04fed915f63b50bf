import packageFile from '../../package.json' with { type: 'json' }

/** The version of this program; the build copies it into the executable. */
export const sluiceVersion: string = packageFile.version
