// Package schedule decides when something is to be run again and again, and what becomes of a time at which it cannot be. All of it
// is a pure function of what it is given; scheduler/job keeps schedules in the log and starts what is due.
//
// A Timetable is a cron expression in a time zone. It has five fields: minute, hour, day of the month, month, day of the week.
//
//	30 3 * * *            every day at 03:30
//	*/15 9-17 * * mon-fri every quarter of an hour between 9:00 and 17:45 on working days
//	0 0 1,15 jan-jun *    the first and the fifteenth of the first six months
//	@daily                @hourly, @weekly, @monthly and @yearly stand for the first moment of each
//
// A field is a list of numbers, ranges and *, each range and * with a step if wanted. Months and days of the week have names;
// Sunday is 0 and 7. If both days are restricted, a day that fits one of them will do.
//
// When clocks change, it is as with cron. Where neither minute nor hour begins with *, a time that does not exist is taken
// for the moment at which the clock has jumped, and one that comes twice counts the first time. Else the clock on the wall
// decides: what does not exist is left out, what comes twice counts twice.
//
// A tick is a moment of a timetable; it stands for the interval [the tick before it, itself). Policy says what becomes of ticks
// that come while an earlier run is not over (Overlap), and of those that nobody was there to see (Missed).
//
// Start reading at Policy.Due.
package schedule
