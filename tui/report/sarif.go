package report

import (
	"math"
	"net/url"
	"strings"

	"padlab/core/lint"
)

// A SARIF is a report in the Static Analysis Results Interchange Format, version 2.1.0
// (OASIS 2020), as far as it is needed here: what rules there are, and a result for each
// place at which one that has a limit is broken, or for what one found that has none.
type SARIF struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string             `json:"id"`
	Short         sarifText          `json:"shortDescription"`
	Full          sarifText          `json:"fullDescription"`
	Configuration sarifConfiguration `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifConfiguration struct {
	Enabled bool   `json:"enabled"`
	Level   string `json:"level"`
}

type sarifInvocation struct {
	Successful bool            `json:"executionSuccessful"`
	Overrides  []sarifOverride `json:"ruleConfigurationOverrides,omitempty"`
}

type sarifOverride struct {
	Configuration sarifConfiguration `json:"configuration"`
	Descriptor    sarifDescriptor    `json:"descriptor"`
}

type sarifDescriptor struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifLogical struct {
	Name      string `json:"name"`
	Qualified string `json:"fullyQualifiedName"`
	Kind      string `json:"kind"`
}

// SARIFOf is a report of a network from a file, or of a name where file is empty.
func SARIFOf(r *lint.Report, file, version string) SARIF {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "padlab", Version: version}}, Invocations: []sarifInvocation{{Successful: true}}, Results: []sarifResult{}}
	index := map[string]int{}
	for i, rule := range lint.Rules() {
		index[rule.ID] = i
		c := sarifConfiguration{Enabled: true, Level: "note"}
		if !math.IsInf(rule.Most, 1) {
			c.Level = "error"
		}
		asks := strings.ToUpper(rule.Asks[:1]) + rule.Asks[1:]
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{rule.ID, sarifText{asks}, sarifText{asks + " Number: " + rule.Counts + "."}, c})
	}
	for _, id := range r.Off {
		run.Invocations[0].Overrides = append(run.Invocations[0].Overrides, sarifOverride{sarifConfiguration{Enabled: false, Level: "none"}, sarifDescriptor{id, index[id]}})
	}
	for _, f := range r.Findings {
		result := sarifResult{RuleID: f.Rule.ID, RuleIndex: index[f.Rule.ID], Kind: "informational", Level: "none"}
		switch {
		case f.Broken():
			result.Kind, result.Level = "fail", "error"
		case !math.IsInf(f.Most, 1):
			result.Kind = "pass"
		}
		text := Visible(f.Verdict)
		for _, m := range f.Mends {
			text += " " + Visible(mend(f.Rule, m))
		}
		places := f.Places
		if len(places) == 0 {
			places = []lint.Place{{Name: r.Network, Kind: "network"}}
		}
		for _, p := range places {
			one := result
			one.Message.Text = text
			if p.Says != "" {
				one.Message.Text = Visible(p.Name) + ": " + Visible(p.Says) + ". " + text
			}
			location := sarifLocation{Logical: []sarifLogical{{Visible(p.Name), Visible(r.Network) + "/" + strings.TrimPrefix(Visible(p.Name), "/"), "member"}}}
			if file != "" {
				location.Physical = &sarifPhysical{sarifArtifact{(&url.URL{Path: strings.ReplaceAll(file, `\`, "/")}).String()}}
			}
			one.Locations = []sarifLocation{location}
			one.Fingerprints = map[string]string{"padlab/v1": f.Rule.ID + ":" + Visible(p.Name)}
			run.Results = append(run.Results, one)
		}
	}
	return SARIF{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}
