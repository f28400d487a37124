package main

import (
	"errors"
	"os"
	"os/user"
)

// homeFolder is where the user's files are: what HOME says or, as under env -i, what the system knows.
func homeFolder() (string, error) {
	if home, err := os.UserHomeDir(); err == nil {
		return home, nil
	}
	me, err := user.Current()
	switch {
	case err != nil:
		return "", err
	case me.HomeDir == "":
		return "", errors.New("your home folder is not known: set HOME")
	}
	return me.HomeDir, nil
}
