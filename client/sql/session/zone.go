package session

import (
	"fmt"
	"os"
	"time"

	"github.com/leatproject/leat/runtime/config"
)

// zone is the time zone that a statement is executed in. That of the host is the driver's.
func (s *Session) zone() (*time.Location, error) {
	name := config.Get(s.env.Configuration(), config.SQLTimeZone)
	if name != "default" && name != "" {
		return parseZone(name)
	}
	host := s.driver()
	if host.ZoneRules == nil {
		return time.LoadLocation(host.Zone)
	}
	zone, err := time.LoadLocationFromTZData("Local", host.ZoneRules)
	if err != nil {
		return nil, fmt.Errorf("the time zone of the host cannot be read: %w; set %s", err, config.SQLTimeZone.Key)
	}
	return zone, nil
}

// host is what sessions depend on of the driver's process.
type host struct {
	Directory string
	Zone      string // its name, of which none is UTC, or
	ZoneRules []byte
}

// driver describes the host of the driver in all processes.
func (s *Session) driver() host {
	if s.host == nil {
		h := once(s, "host", thisHost)
		s.host = &h
	}
	return *s.host
}

func thisHost() (h host) {
	h.Directory, _ = os.Getwd() // without it relative paths stay as they are
	name, set := os.LookupEnv("TZ")
	if !set {
		if h.ZoneRules, _ = os.ReadFile("/etc/localtime"); h.ZoneRules != nil {
			return h
		}
	}
	if _, err := time.LoadLocation(name); err == nil {
		h.Zone = name // else it is UTC, as package time has it
	}
	return h
}

func parseZone(name string) (*time.Location, error) {
	if t, err := time.Parse("Z07:00", name); err == nil {
		return t.Location(), nil
	}
	for _, prefix := range []string{"GMT", "UTC"} {
		if t, err := time.Parse(prefix+"Z07:00", name); err == nil {
			return t.Location(), nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is no time zone: give a name such as Europe/Berlin, or an offset such as +02:00", config.SQLTimeZone.Key, name)
	}
	return zone, nil
}
