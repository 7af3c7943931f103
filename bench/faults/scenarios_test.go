package main

import (
	"slices"
	"testing"
)

func TestScenariosAreChosenByName(t *testing.T) {
	all, err := choose(scenarios, "")
	if err != nil || len(all) != len(scenarios) {
		t.Errorf("without a name: %d scenarios, %v", len(all), err)
	}
	two, err := choose(scenarios, "reuse,hang")
	if err != nil || !slices.Equal(names(two), []string{"reuse", "hang"}) {
		t.Errorf("got %v, %v", names(two), err)
	}
	if _, err := choose(scenarios, "hang,hung"); err == nil {
		t.Error("an unknown name is no complaint")
	}
}
