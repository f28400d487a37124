package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/storage/clock"
)

// Form is how the members of a generation keep their log.
type Form string

// The forms. Claimed is a JobManager that keeps nothing itself: each of its starts is a generation of its own.
const (
	Claimed Form = "memory"
	Alone   Form = "file"
	Raft    Form = "raft"
)

// Options of a member.
type Options struct {
	// Place is where the mirror is.
	Place mirror.Place
	Form  Form
	// Control is this member's control address, which is its ID for life, First those of the members that begin a generation.
	Control string
	First   []string
	// Dir is this member's own folder; none for the form Claimed.
	Dir string
	// Listener accepts connections of other members and Dial makes them, by control addresses, for the form Raft.
	Listener net.Listener
	Dial     func(address string, timeout time.Duration) (net.Conn, error)
	// Seed makes the jitter of restarts.
	Seed   uint64
	Clock  clock.Clock
	Logger *slog.Logger
}

// note is what a generation begins with.
type note struct {
	Form    Form     `json:"form"`
	Members []string `json:"members"`
}

// Member is a member of a generation.
type Member struct {
	opt        Options
	Generation uint64
	// ID is the member's, the control address that it had when it joined.
	ID    string
	dir   string
	first []string // who agrees on the first entry; none when that has been done
}

// Join finds the generation that lives and joins it. A member that has lost its state waits until the others have removed it,
// a newer generation has begun, or ctx ends.
func Join(ctx context.Context, opt Options) (*Member, error) {
	own, err := json.Marshal(note{opt.Form, opt.First})
	if err != nil {
		return nil, err
	}
	if opt.Form == Claimed {
		g, err := mirror.Claim(ctx, opt.Place, 0, own)
		return &Member{opt: opt, Generation: g, ID: opt.Control}, err
	}
	said := uint64(0)
	for {
		g, begun, err := mirror.Newest(ctx, opt.Place, own)
		if err != nil {
			return nil, err
		}
		m, err := opt.join(ctx, g, begun)
		if !errors.Is(err, errStateLost) {
			return m, err
		}
		if said != g {
			opt.Logger.Error("this JobManager takes no part", "error", err)
			said = g
		}
		wake := make(chan struct{})
		disarm := opt.Clock.AfterFunc(lookAgain, func() { close(wake) })
		select {
		case <-wake:
		case <-ctx.Done():
			disarm()
			return nil, ctx.Err()
		}
	}
}

const lookAgain = time.Second

var errStateLost = errors.New("its state is lost")

// join joins a generation, unless this member has been in it and has lost its state.
func (opt Options) join(ctx context.Context, g uint64, begun []byte) (*Member, error) {
	var n note
	if err := json.Unmarshal(begun, &n); err != nil {
		return nil, fmt.Errorf("generation %d of cluster %s: reading what it began with: %w", g, opt.Place.Cluster, err)
	}
	if n.Form != opt.Form {
		return nil, fmt.Errorf("generation %d of cluster %s keeps its log by %q, this JobManager by %q: set high-availability.type as it was, or begin a new generation with: leat members recover",
			g, opt.Place.Cluster, n.Form, opt.Form)
	}
	m := &Member{opt: opt, Generation: g, dir: filepath.Join(opt.Dir, fmt.Sprintf("generation-%08d", g))}
	known, err := m.known()
	if err != nil {
		return nil, err
	}
	if known {
		joined, err := opt.Place.Joined(ctx, g, m.ID)
		if err == nil && !joined {
			opt.Logger.Warn("this JobManager was removed from the cluster: stop it, or add it again", "member", m.ID)
		}
		if err != nil {
			return nil, err
		}
	} else if err := m.begin(ctx); err != nil {
		return nil, err
	}
	led, err := opt.Place.Led(ctx, g)
	if err != nil {
		return nil, err
	}
	if !led && slices.Contains(n.Members, m.ID) {
		m.first = n.Members
	}
	if !slices.Contains(n.Members, m.ID) && !known {
		opt.Logger.Warn("this JobManager is no member of the cluster yet: add it with leat members add", "member", m.ID, "first members", n.Members)
	}
	return m, nil
}

// idName is the file that keeps the ID of a member.
const idName = "id"

// known reads the ID of a member that has its state.
func (m *Member) known() (bool, error) {
	b, err := os.ReadFile(filepath.Join(m.dir, idName))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	m.ID = strings.TrimSpace(string(b))
	return err == nil, err
}

// begin makes the folder of a member that is new to a generation.
func (m *Member) begin(ctx context.Context) error {
	m.ID = m.opt.Control
	first, err := m.opt.Place.Join(ctx, m.Generation, m.ID)
	if err != nil {
		return err
	}
	if !first {
		return fmt.Errorf("%s has been in generation %d of cluster %s, and %w: there is no %s; "+
			"if a majority is left, remove it with leat members remove %s and add it again; else begin a new generation with leat members recover",
			m.ID, m.Generation, m.opt.Place.Cluster, errStateLost, m.dir, m.ID)
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of generation %d: %w", m.Generation, err)
	}
	return writeID(m.dir, m.ID)
}

// writeID makes the ID durable: what is visible is whole.
func writeID(dir, id string) error {
	hidden := filepath.Join(dir, "."+idName)
	f, err := os.OpenFile(hidden, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the name of this JobManager: %w", err)
	}
	_, err = f.WriteString(id + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(hidden, filepath.Join(dir, idName))
	}
	if err != nil {
		return fmt.Errorf("keeping the name of this JobManager: %w", err)
	}
	return nil
}
