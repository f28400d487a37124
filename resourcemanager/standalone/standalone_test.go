package standalone_test

import (
	"testing"

	"github.com/leatproject/leat/resourcemanager/providertest"
	"github.com/leatproject/leat/resourcemanager/standalone"
)

func TestProvider(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.Rig { return providertest.Rig{Provider: standalone.New()} })
}
