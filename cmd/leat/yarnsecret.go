package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// makeSecret makes the secret of the application's cluster and keeps it for commands of this user.
func (a *submitted) makeSecret() (secret.Secret, error) {
	path, err := secretPath(a.id.Text())
	if err != nil {
		return secret.Secret{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return secret.Secret{}, fmt.Errorf("keeping the secret of the application: %w", err)
	}
	a.secret = path
	return secret.Create(path)
}

// secretPath is where the secret of an application is kept for its user's commands.
func secretPath(application string) (string, error) {
	home, err := homeFolder()
	if err != nil {
		return "", fmt.Errorf("keeping the secret of the application: %w", err)
	}
	return filepath.Join(home, ".leat", "applications", application, secretName), nil
}

// fetchSecret returns where the secret of an application is kept, which may have been submitted from another host.
func (y *yarnClient) fetchSecret(ctx context.Context, id *wire.ApplicationId) (path string, err error) {
	if path, err = secretPath(id.Text()); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	content, err := y.stage.Newest(ctx, id.Text(), secretName)
	if err != nil {
		return "", yarnError(fmt.Errorf("reading the secret of application %s, which only who has submitted it can: %w", id.Text(), err))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}

// How long a submission may look after others, and how long the secret of an application stays that YARN does not know any more.
const (
	tidyTime = 5 * time.Second
	longKept = 30 * 24 * time.Hour
)

// forgetEnded removes what is kept for applications that have ended while nobody waited for them. What cannot be found out stays, and what is
// missed is fetched again.
func (y *yarnClient) forgetEnded(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	path, err := secretPath("application")
	if err != nil {
		return
	}
	folder := filepath.Dir(filepath.Dir(path))
	kept, _ := os.ReadDir(folder)
	for _, k := range kept {
		id, err := wire.ParseApplicationID(k.Name())
		if err != nil {
			continue
		}
		r, err := y.rm.Report(ctx, id)
		info, missing := k.Info()
		old := missing == nil && time.Since(info.ModTime()) > longKept
		if err == nil && r.GetYarnApplicationState() >= wire.ApplicationState_FINISHED || old && errors.Is(err, rm.ApplicationNotFoundException) {
			_ = os.RemoveAll(filepath.Join(folder, k.Name())) // the next submission tries again
		}
	}
}
