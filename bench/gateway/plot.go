package main

import (
	"errors"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// Plots are SVG written by hand: a bar for each program, or a line over ever larger sizes.

const (
	plotWidth = 760
	barHeight = 22
	nameWidth = 260
)

// plot writes one file for each table that has something to show.
func (r *report) plot(dir string) error {
	errs := []error{os.MkdirAll(dir, 0o755)} //nolint:gosec // documentation is for everybody
	for _, t := range r.Tables {
		picture := bars(t)
		if strings.HasPrefix(t.Title, "growth: ") {
			picture = line(t)
		}
		name := strings.Trim(strings.Map(plain, strings.ToLower(t.Title)), "-") + ".svg"
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(picture), 0o644)) //nolint:gosec // documentation is for everybody
	}
	return errors.Join(errs...)
}

func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// bars shows the CPU per 1,000 requests of each program.
func bars(t *table) string {
	most := 0.0
	for _, row := range t.Rows {
		most = math.Max(most, row.median().CPU)
	}
	height := 50 + barHeight*len(t.Rows)
	b := head(height, t.Title+": CPU ms per 1,000 requests")
	for i, row := range t.Rows {
		y, cpu := 40+i*barHeight, row.median().CPU
		colour := "#8aa4c0"
		if i == 0 {
			colour = "#c0563b"
		}
		width := cpu / most * (plotWidth - nameWidth - 70)
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%.1f</text>`+"\n",
			nameWidth-8, y+15, html.EscapeString(row.Name), nameWidth, y+2, width, barHeight-4, colour, nameWidth+width+6, y+15, cpu)
	}
	return b.String() + "</svg>\n"
}

// line shows the CPU per 1,000 requests over the sizes, which grow by factors.
func line(t *table) string {
	const height, left, bottom = 260, 60, 220
	most := 0.0
	for _, row := range t.Rows {
		most = math.Max(most, row.median().CPU)
	}
	b := head(height, t.Title+": CPU ms per 1,000 requests")
	var points []string
	for i, row := range t.Rows {
		cpu := row.median().CPU
		x := left + float64(i)*(plotWidth-2*left)/math.Max(float64(len(t.Rows)-1), 1)
		y := bottom - cpu/most*(bottom-50)
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#c0563b"/><text x="%.1f" y="%.1f" text-anchor="middle">%.1f</text><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, y, x, y-10, cpu, x, bottom+20, html.EscapeString(row.Name))
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="#c0563b" stroke-width="2"/><line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#999"/>`+"\n",
		strings.Join(points, " "), left-20, bottom, plotWidth-left+20, bottom)
	return b.String() + "</svg>\n"
}

func head(height int, title string) *strings.Builder {
	b := &strings.Builder{}
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n",
		plotWidth, height, plotWidth, height)
	fmt.Fprintf(b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="10" y="22" font-weight="bold">%s</text>`+"\n", html.EscapeString(title))
	return b
}
