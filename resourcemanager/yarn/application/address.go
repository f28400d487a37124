package application

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/resourcemanager/yarn/submission"
)

// memberPrefix begins the names of files that say where a JobManager is; attempt and container follow.
const memberPrefix = "jobmanager-"

// Member is where a JobManager of the application is reached.
type Member struct {
	Control string // host:port of the control protocol
	REST    string // host:port of REST
}

// Announce tells workers and other JobManagers of the application where the one in this container is.
func (c *Container) Announce(ctx context.Context, stage submission.Stage, m Member) error {
	content, err := json.Marshal(m)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s%08d-%s", memberPrefix, c.Attempt(), c.ID.Text())
	if _, err := stage.Own(ctx, c.Application().Text(), name, strings.NewReader(string(content))); err != nil {
		return fmt.Errorf("telling others where the JobManager is: %w", err)
	}
	return nil
}

// Announced are the JobManagers that have announced themselves, those of the newest attempt first; some may have ended.
func (c *Container) Announced(ctx context.Context, stage submission.Stage) ([]Member, error) {
	files, err := stage.All(ctx, c.Application().Text(), memberPrefix)
	if err != nil {
		return nil, err
	}
	var all []Member
	for _, content := range slices.Backward(files) {
		var m Member
		if err := json.Unmarshal(content, &m); err != nil {
			return nil, fmt.Errorf("where a JobManager is: %w", err)
		}
		all = append(all, m)
	}
	return all, nil
}
