// @ts-check

/**
 * Times in the clinic's zone, as the clinic's people would write them.
 * @param {string} timeZone IANA name
 */
export function clinicTimes(timeZone) {
  const time = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', minute: '2-digit' })
  const day = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short', month: 'short', day: 'numeric' })
  return {
    /** @param {string | undefined} instant */
    time: (instant) => (instant === undefined ? '' : time.format(new Date(instant))),
    /** @param {string | undefined} instant */
    dayAndTime: (instant) => (instant === undefined ? '' : `${day.format(new Date(instant))}, ${time.format(new Date(instant))}`),
  }
}
/** @typedef {ReturnType<typeof clinicTimes>} ClinicTimes */
