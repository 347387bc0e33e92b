package format

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// PDFium runs as WebAssembly: whatever a hostile file makes of it stays inside
// an instance's own memory, which is bounded; it sees no files and no network.
// An instance serves one file and then goes, memory and all.
const (
	pdfAtOnce = 2
	pdfMemory = 3200 // pages of 64 KiB: 200 MiB for one instance
)

// engine is made when the first PDF comes. Its compiled form is kept on disk:
// compiling takes two seconds and 300 MB, loading it a tenth of a second.
var engine = sync.OnceValues(func() (pdfium.Pool, error) {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(pdfMemory).
		WithCloseOnContextDone(true)
	if cache := compiled(); cache != nil {
		config = config.WithCompilationCache(cache)
	}
	return webassembly.Init(webassembly.Config{
		Context:  experimental.WithMemoryAllocator(context.Background(), arena{}), // of the program's life
		MaxTotal: pdfAtOnce, RuntimeConfig: config, FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard,
	})
})

// compiled opens the user's own cache; nobody else may write there, for what
// lies in it is run. nil when the user has none.
func compiled() wazero.CompilationCache {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	dir := filepath.Join(base, "advisor", "pdfium")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm()&0o022 != 0 {
		return nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil
	}
	return cache
}

var pdfSlots = make(chan struct{}, pdfAtOnce)

// borrow gives an instance, and what gives its place back.
func borrow(ctx context.Context) (pdfium.Pdfium, func(), error) {
	select {
	case pdfSlots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	release := sync.OnceFunc(func() { <-pdfSlots })
	pool, err := engine()
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("start PDF reader: %w", err)
	}
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("start PDF reader: %w", err)
	}
	return instance, release, nil
}

// coloured draws page n, from 0, for people.
func (f *pdfFile) coloured(n, width int) (image.Image, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: f.doc, Index: n}}
	size, err := f.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return nil, err
	}
	height := min(int(float64(width)*size.Height/max(size.Width, 1)), 6000)
	result, err := f.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: width, Height: max(height, 1), RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT})
	if err != nil {
		return nil, err
	}
	defer result.Cleanup()
	lent, ok := result.Result.RenderedImage.(*image.RGBA)
	if !ok {
		return nil, fmt.Errorf("drawn as %T", result.Result.RenderedImage)
	}
	copied := *lent
	copied.Pix = append([]byte(nil), lent.Pix...) // the pixels lie in the instance's memory
	return &copied, nil
}

// picture draws page n, from 0: width pixels wide, or at a resolution. The
// longer side has at most 4,000 pixels.
func (f *pdfFile) picture(n, width, dpi int) (image.Image, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: f.doc, Index: n}}
	size, err := f.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return nil, err
	}
	if width == 0 {
		width = int(size.Width * float64(dpi) / 72)
	}
	height := int(float64(width) * size.Height / max(size.Width, 1))
	if longer := max(width, height); longer > 4000 {
		width, height = width*4000/longer, height*4000/longer
	}
	drawn, err := f.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: max(width, 1), Height: max(height, 1),
		ImageFormat: requests.RenderImageFormatGrayscale})
	if err != nil {
		return nil, err
	}
	defer drawn.Cleanup()
	gray, ok := drawn.Result.RenderedImage.(*image.Gray)
	if !ok {
		return nil, fmt.Errorf("drawn as %T", drawn.Result.RenderedImage)
	}
	copied := *gray
	copied.Pix = append([]byte(nil), gray.Pix...) // the pixels lie in the instance's memory
	return &copied, nil
}
