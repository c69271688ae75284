package io.meterhub.web;

import io.meterhub.site.ImportResult;
import io.meterhub.site.Site;
import io.meterhub.site.SiteFile;
import io.meterhub.site.SiteImport;
import io.meterhub.site.Sites;
import io.meterhub.web.Equipment.GatewayNow;
import io.meterhub.web.Equipment.ShopNow;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.io.IOException;
import java.util.List;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** Sites with what stands in them, and the import of their spreadsheets. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Sites")
class SitesApi {

    private static final MediaType XLSX = MediaType.parseMediaType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

    private final View view;
    private final Equipment equipment;
    private final SiteImport siteImport;

    SitesApi(View view, Equipment equipment, SiteImport siteImport) {
        this.view = view;
        this.equipment = equipment;
        this.siteImport = siteImport;
    }

    @GetMapping("/sites")
    @Operation(summary = "The sites, each with the time zone in which its days are counted")
    List<Site> sites() {
        return view.sites();
    }

    @GetMapping("/gateways")
    @Operation(summary = "The gateways: state, newest reading and its age")
    List<GatewayNow> gateways(@RequestParam(required = false) Integer site) {
        return equipment.gateways(site, null);
    }

    @GetMapping("/gateways/{id}")
    @Operation(summary = "One gateway")
    GatewayNow gateway(@PathVariable int id) {
        return equipment.gateways(null, id).stream().findFirst().orElseThrow(() -> Refusal.notFound("gateway", id));
    }

    @GetMapping("/shops")
    @Operation(summary = "The shops with the ids of their meters and open accounts")
    Part<ShopNow> shops(@RequestParam(required = false) Integer site, @RequestParam(defaultValue = "0") int after,
                        @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(equipment.shops(site, null, after, limit + 1), limit, ShopNow::id);
    }

    @GetMapping("/shops/{id}")
    @Operation(summary = "One shop")
    ShopNow shop(@PathVariable int id) {
        return equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id));
    }

    @GetMapping("/site-template")
    @Operation(summary = "The empty spreadsheet (XLSX) to fill in for an import")
    ResponseEntity<byte[]> template() {
        return ResponseEntity.ok().contentType(XLSX).header(HttpHeaders.CONTENT_DISPOSITION,
                ContentDisposition.attachment().filename("meterhub-site.xlsx").build().toString()).body(SiteFile.template());
    }

    @PostMapping(path = "/site-imports", consumes = MediaType.MULTIPART_FORM_DATA_VALUE)
    @Operation(summary = "Takes a site's spreadsheet (XLS or XLSX), all of it or nothing",
            description = "422 with every problem by sheet, row and column when anything is wrong. The same file again changes nothing;"
                    + " what is not in the file stays, and is listed under missing. beginWithoutCredit counts the accounts that were"
                    + " opened without credit: their shops are switched off once their meters are read, unless somebody sells to them or"
                    + " sets KEEP_ON first. A tenant with another name and the same mobile phone, or the same name and another phone, is the same one, and the"
                    + " shop's open accounts go along. inOtherNames lists the open accounts of shops that have another tenant now, who neither sees nor"
                    + " pays into them: move the account (POST /accounts/{id}/move), or import the former name or phone again.")
    ImportResult.Imported load(@RequestPart MultipartFile file, Operator operator) throws IOException {
        String name = file.getOriginalFilename() == null ? "file" : file.getOriginalFilename();
        ImportResult result = siteImport.load(file.getBytes(), name, operator.name());
        if (result instanceof ImportResult.Refused refused) {
            throw new Refusal(HttpStatus.UNPROCESSABLE_ENTITY, "The file " + name + " has " + refused.problems().size()
                    + " problem(s); nothing was taken.", refused.problems());
        }
        return (ImportResult.Imported) result;
    }
}
