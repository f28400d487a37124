package findings

import "fmt"

// Status is how a check has ended.
type Status int

// The statuses.
const (
	Fine Status = iota
	Doubtful
	Failed
)

// String is what people read first.
func (s Status) String() string { return [...]string{"ok", "warning", "FAILED"}[s] }

// Finding is one check.
type Finding struct {
	Status Status
	Name   string
	Text   string // what was found, and what to do about it
	Err    error  // of Failed, where there is one
}

// Report passes findings on as they come.
type Report struct {
	To     func(Finding)
	Failed bool // any of them
}

// Add passes a finding on that has no error.
func (r *Report) Add(s Status, name, format string, arguments ...any) {
	r.add(Finding{Status: s, Name: name, Text: fmt.Sprintf(format, arguments...)})
}

// Fail passes on that a check has failed.
func (r *Report) Fail(name, text string, err error) {
	r.add(Finding{Status: Failed, Name: name, Text: text, Err: err})
}

func (r *Report) add(f Finding) {
	r.To(f)
	r.Failed = r.Failed || f.Status == Failed
}
