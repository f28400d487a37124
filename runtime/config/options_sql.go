package config

const sectionSQL = "SQL"

// SQLTimeZone is an option of SQL.
var SQLTimeZone = declare(sectionSQL, text, "table.local-time-zone", "default",
	"The session's time zone: a name such as Europe/Berlin, an offset such as +02:00, or default, that of the machine.")
