package yarn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/nm"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// What containers are told by, and the names of their files.
const (
	roleVariable   = "LEAT_TEST_ROLE"
	dirVariable    = "LEAT_TEST_DIR"
	nameVariable   = "LEAT_TEST_NAME"
	trickyVariable = "LEAT_TEST_TRICKY"
	program        = "program"
	siteFile       = "core-site.xml"
)

// tricky is a value that shells and NodeManagers would like to read.
const tricky = "{{HOME}} <LOG_DIR> <CPS> $HOME `id` \\ \" ' \n end"

// Numbers of workers say what they do.
const (
	workerStays = iota + 1
	workerPanics
	workerEats  // more memory than it has
	workerSmall // has less than its virtual memory needs
)

func TestMain(m *testing.M) {
	run := map[string]func(context.Context) error{"master": runMaster, "worker": runWorker}[os.Getenv(roleVariable)]
	if run == nil {
		code := m.Run()
		_ = os.RemoveAll(programs) // what is left is in the folder for temporary files
		os.Exit(code)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func writeFile(ctx context.Context, name, text string) error {
	fs, within, err := filesystem.For(ctx, name)
	if err != nil {
		return err
	}
	w, err := filesystem.CreateAtomic(ctx, fs, within)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Close()
}

func runWorker(ctx context.Context) error {
	name := os.Getenv(nameVariable)
	if err := writeFile(ctx, os.Getenv(dirVariable)+"/"+name, os.Getenv(trickyVariable)); err != nil {
		return err
	}
	switch _, _, n, _ := resourcemanager.ParseName(name); n {
	case workerPanics:
		fmt.Fprintln(os.Stderr, "hello\npanic: so be it")
		os.Exit(3)
	case workerEats:
		held := make([]byte, 1300<<20)
		for i := 0; i < len(held); i += 4096 {
			held[i] = 1
		}
		defer fmt.Fprint(io.Discard, held[0])
	}
	<-ctx.Done()
	return ctx.Err()
}

// application is what both attempts of the ApplicationMaster work with.
type application struct {
	ctx      context.Context
	dir      string
	master   *master.Master
	provider *yarn.Provider
	ended    chan error
}

func runMaster(ctx context.Context) error {
	c, err := conf.Load("", nil)
	if err != nil {
		return err
	}
	tokens, err := credentials.Load(os.Getenv(credentials.Environment))
	if err != nil {
		return err
	}
	scheduler, err := rm.ConnectScheduler(rm.Options{Conf: c}, tokens.Find(credentials.KindAMRM))
	if err != nil {
		return err
	}
	self, err := wire.ParseContainerID(os.Getenv("CONTAINER_ID"))
	if err != nil {
		return err
	}
	a := application{ctx: ctx, dir: os.Getenv(dirVariable), ended: make(chan error, 1)}
	a.master = master.New(master.Options{Scheduler: scheduler, Host: "localhost", Expiry: patience})
	nodes, err := nm.New(nm.Options{Conf: c, Token: a.master.NodeToken})
	if err != nil {
		return err
	}
	id := self.GetAppAttemptId().GetApplicationId().Text()
	a.provider = yarn.New(yarn.Options{
		Master: a.master, Nodes: nodes, Size: resourcemanager.Size{MemoryBytes: 1280 << 20}, MemoryKey: "KEY", Launch: a.launcher(id, tokens),
	})
	go func() { a.ended <- a.master.Run(ctx, a.provider.Handle) }()
	if self.GetAppAttemptId().GetAttemptId() == 1 {
		return a.first()
	}
	return a.second()
}

// launcher starts workers from the files that the ApplicationMaster was started from. They get its tokens but the one that
// makes it the ApplicationMaster.
func (a *application) launcher(id string, tokens *credentials.Credentials) func(resourcemanager.Worker, *wire.Container) (*wire.ContainerLaunchContext, error) {
	return func(w resourcemanager.Worker, _ *wire.Container) (*wire.ContainerLaunchContext, error) {
		stage := submission.Stage{Dir: a.dir}
		files, err := stage.Files(a.ctx, []submission.Local{{Name: program, Path: program}})
		if err != nil {
			return nil, err
		}
		if files[siteFile], err = stage.Owned(a.ctx, id, siteFile); err != nil {
			return nil, err
		}
		shared := &credentials.Credentials{}
		for _, t := range tokens.Tokens {
			if t.Token.Kind != credentials.KindAMRM {
				shared.Add(t.Alias, t.Token)
			}
		}
		return (&launch.Launch{Files: files, Command: []string{"./" + program}, Credentials: shared, Environment: map[string]string{
			roleVariable: "worker", dirVariable: a.dir, nameVariable: w.Name, trickyVariable: tricky, "HADOOP_CONF_DIR": ".", "MALLOC_ARENA_MAX": "1",
			"HADOOP_USER_NAME": os.Getenv("HADOOP_USER_NAME"), "KRB5_CONFIG": os.Getenv("KRB5_CONFIG"),
		}}).Context()
	}
}

// first starts workers, waits for three to be lost, and crashes.
func (a *application) first() error {
	for _, n := range []uint64{workerStays, workerPanics, workerEats, workerSmall} {
		w := resourcemanager.Worker{Name: resourcemanager.Name(1, 1, n)}
		if n == workerSmall {
			w.Size.MemoryBytes = 256 << 20
		}
		if err := a.provider.Request(a.ctx, w); err != nil {
			return err
		}
	}
	var losses []string
	for len(losses) < 3 {
		select {
		case loss := <-a.provider.Lost():
			losses = append(losses, loss.Name+": "+loss.Cause)
		case err := <-a.ended:
			return err
		}
	}
	if err := writeFile(a.ctx, a.dir+"/losses", strings.Join(losses, "\n")); err != nil {
		return err
	}
	os.Exit(9)
	return nil
}

// second takes over what is left, and ends well.
func (a *application) second() error {
	var names []string
	err := a.until(func() (bool, error) {
		found, err := a.provider.Found(a.ctx)
		for _, w := range found {
			names = append(names, w.Name)
		}
		return len(found) > 0, err
	})
	if err != nil {
		return err
	}
	if err := writeFile(a.ctx, a.dir+"/found", strings.Join(names, ",")); err != nil {
		return err
	}
	if err := a.exists("go"); err != nil {
		return err
	}
	next := resourcemanager.Name(2, 1, workerStays)
	if err := a.provider.Request(a.ctx, resourcemanager.Worker{Name: next}); err != nil {
		return err
	}
	if err := a.exists(next); err != nil {
		return err
	}
	for _, name := range append(names, next) {
		if err := a.provider.Release(a.ctx, name); err != nil {
			return err
		}
	}
	if err := a.master.Finish(a.ctx, wire.FinalApplicationStatus_APP_SUCCEEDED, "all is well", ""); err != nil {
		return err
	}
	return a.provider.Close()
}

func (a *application) exists(name string) error {
	return a.until(func() (bool, error) {
		fs, within, err := filesystem.For(a.ctx, a.dir+"/"+name)
		if err != nil {
			return false, err
		}
		_, err = fs.Stat(a.ctx, within)
		if errors.Is(err, filesystem.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	})
}

// until asks again and again.
func (a *application) until(true func() (bool, error)) error {
	for {
		if ok, err := true(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case err := <-a.ended:
			return fmt.Errorf("the Master has ended: %w", err)
		case <-a.ctx.Done():
			return a.ctx.Err()
		}
	}
}
